export { containsSecret } from './find.ts';
export { kindOfSecret, mintSecret, parseSecret, type ParsedSecret, type SecretEnvironment } from './secret.ts';
export { digestSecret, digestSecretBytes, digestSecretWords } from './digest.ts';
export { hintOf, prefixOf } from './display.ts';
