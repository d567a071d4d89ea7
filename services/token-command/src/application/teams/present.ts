import type { Team } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { type TeamState, theTeam } from '../../domain/team.ts';

export function presentTeam({ state, version }: Folded<TeamState>): Team {
  const { status: _, projects, ...team } = theTeam(state);
  return { ...team, projects: [...projects], version };
}
