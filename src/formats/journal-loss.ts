import type { HealthSink } from '../base/health.ts';

// dev_kmsg_record() in src/journal/journald-kmsg.c; journal_ratelimit_test() in src/journal/journald-server.c.
const MISSED = /^Missed (\d{1,15}) kernel messages/;
const SUPPRESSED = /^Suppressed (\d{1,15}) messages from (?:\S{0,255}kernel|\/init)/;

/** Takes note of what journald says that it has not stored of the kernel's messages. */
export function journalLoss(message: string, line: number, health: HealthSink): void {
  const missed = MISSED.exec(message);
  if (missed !== null) {
    const text = `journald missed ${missed[1]} kernel messages`;
    health({ code: 'messages-dropped', line, message: text, count: Number(missed[1]) });
    return;
  }
  const suppressed = SUPPRESSED.exec(message);
  if (suppressed === null) return;
  const text = `journald suppressed ${suppressed[1]} messages`;
  health({ code: 'messages-suppressed', line, message: text, count: Number(suppressed[1]) });
}
