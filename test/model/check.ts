/** A program (`npm run model`): one line for each check of the model, and `N passed, N failed` last. */
import { checks } from './checks.ts';
import { findSpin, runCheck } from './spin.ts';

try {
  const spin = await findSpin();
  const waiting = [...checks];
  let passed = 0;
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const { ok, line } = await runCheck(spin, check);
      if (ok) passed += 1;
      console.log(line);
    }
  };
  await Promise.all([work(), work()]);
  console.log(`${passed} passed, ${checks.length - passed} failed`);
  process.exitCode = passed === checks.length ? 0 : 1;
} catch (error) {
  console.error(
    `The model cannot be checked: ${(error as Error).message.trim()}. It needs Spin and gcc (Debian: apt-get install spin gcc).`,
  );
  process.exitCode = 1;
}
