// `node check.js FILE`: whether the file is an AsyncAPI document without errors or warnings.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const WARNING = 1; // errors are 0, and what is more than 1 are hints
const [file] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'), { source: file });
const faults = diagnostics.filter(({ severity }) => severity <= WARNING);
for (const { path, message, range } of faults) {
  console.error(`${file}:${range.start.line + 1}: ${path.join('.')}: ${message}`);
}
if (!document || faults.length > 0) process.exit(1);
console.log(`${file}: AsyncAPI ${document.version()}, ${document.channels().length} channels, ${document.messages().length} messages`);
