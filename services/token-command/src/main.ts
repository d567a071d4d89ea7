import 'reflect-metadata';
import { runService } from '@tollgate/runtime';
import { TokenCommandModule } from './token-command.module.ts';

await runService({ name: 'token-command', module: TokenCommandModule, database: true });
