// Makes the role of each service and runs the migrations, on a Postgres that somebody else runs.
// TOLLGATE_DATABASE_URL is an administrator's; TOLLGATE_<SERVICE>_PASSWORD is the password of that service's role.
import { serviceRoles, type DatabaseService } from '@tollgate/event-log';
import { prepareDatabase } from '../data/database.ts';
import { StartError } from '../files.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new StartError(`Set ${name}.`);
  return value;
}

const passwords = Object.fromEntries(
  Object.keys(serviceRoles).map((service) => [
    service,
    setting(`TOLLGATE_${service.toUpperCase().replaceAll('-', '_')}_PASSWORD`),
  ]),
) as Record<DatabaseService, string>;
const { migrations } = await prepareDatabase(setting('TOLLGATE_DATABASE_URL'), passwords, true);
console.log(migrations.length === 0 ? 'The database is up to date.' : `${migrations.length} migrations ran.`);
