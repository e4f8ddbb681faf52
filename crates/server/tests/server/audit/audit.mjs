// Audits the server at the URL given, and says what it fails. Every audit has to pass.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
if (!url) {
  console.error('usage: node audit.mjs http://127.0.0.1:PORT/graphql');
  process.exit(2);
}
const audits = serverAudits({ url });
let failed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== 'ok') {
    failed += 1;
    console.log(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
  }
  // An answer that nobody reads keeps its connection.
  await result.response?.body?.cancel?.().catch(() => {});
}
console.log(`${audits.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && audits.length > 0 ? 0 : 1);
