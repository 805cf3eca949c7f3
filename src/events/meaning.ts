import { said } from './said.ts';

/** What a message means as a text, to be compared; null where the kernel is not known to say so, or it means nothing. */
export function meaningOf(message: string): string | null {
  const what = said(message, null);
  return what === null || 'type' in what ? null : JSON.stringify(what);
}
