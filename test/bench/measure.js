// Loaded into a child with `--import`: when it ends it writes what it used, since a parent cannot see that portably.
import { appendFileSync } from 'node:fs';

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const line = JSON.stringify({ user: userCPUTime / 1e6, system: systemCPUTime / 1e6, rss: maxRSS });
  appendFileSync(process.env['TDI_TRACE_MEASURE'] ?? '/dev/null', `${line}\n`);
});
