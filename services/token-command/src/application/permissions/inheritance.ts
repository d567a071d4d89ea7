import { Inject, Injectable } from '@nestjs/common';
import type { InheritedPermissions } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { team, theTeamNamed } from '../../domain/team.ts';
import type { DirectoryList } from '../accounts/ports.ts';
import { streamName } from '../command-runner.ts';
import { DIRECTORY_LIST, STREAMS } from '../ports.ts';

/** What a token is paired with. `spaceId` null: it works in every space of its account. */
export interface Heir {
  readonly accountId: string;
  readonly spaceId: string | null;
  readonly teamId: string | null;
}

/** A token holds what its account holds in the spaces of its scope, narrowed by its team. */
@Injectable()
export class Inheritance {
  constructor(
    @Inject(DIRECTORY_LIST) private readonly directory: DirectoryList,
    @Inject(STREAMS) private readonly streams: StreamReader,
  ) {}

  /** UNKNOWN_REFERENCE for a team of another organization. */
  async of(orgId: string, { accountId, spaceId, teamId }: Heir): Promise<InheritedPermissions> {
    const memberships = await this.directory.memberships(orgId, accountId, spaceId);
    return {
      items: memberships.map((held) => ({ ...held, permissions: [...held.permissions] })),
      team: teamId === null ? null : await this.#team(orgId, teamId),
    };
  }

  async #team(orgId: string, teamId: string): Promise<InheritedPermissions['team']> {
    const { state } = fold(team, await this.streams.readStream(streamName(team, teamId)));
    const { id, name, policy, projects } = theTeamNamed(state, orgId, 'teamId');
    return { id, name, policy, projects: [...projects] };
  }
}
