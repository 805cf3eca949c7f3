import { GUEST } from './orders/guest.ts';
import { LINK } from './orders/link.ts';
import { MEMORY } from './orders/memory.ts';
import { ENDS, OBJECTS } from './orders/objects.ts';
import type { Order } from './orders/order.ts';
import { FROZEN, REQUESTS } from './orders/states.ts';

export type { Order } from './orders/order.ts';

/** Every order that was found in kernels, postings, firmware and specification, by subject. */
export const ORDERS: readonly Order[] = [...LINK, ...OBJECTS, ...REQUESTS, ...FROZEN, ...MEMORY, ...GUEST, ...ENDS];
