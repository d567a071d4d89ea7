import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

// Reads `[{filePath, text}]` on stdin, lints each text with this repository's rules as if it stood at that path, and
// prints `[["rule: message", …], …]`. A process of its own, because ESLint does not load inside Jest. The rules that need
// type information are off: they ask the compiler for the file, and these files do not exist.
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const snippets = JSON.parse(Buffer.concat(chunks).toString());

const eslint = new ESLint({
  overrideConfig: [{ ...tseslint.configs.disableTypeChecked, files: ['**/*.ts'] }],
});

const answers = [];
for (const { filePath, text } of snippets) {
  const [result] = await eslint.lintText(text, { filePath });
  answers.push(result.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
}
console.log(JSON.stringify(answers));
