import type { RecordedTollgateEvent } from '@tollgate/contracts';

/** What the audit log calls a thing, and the space it lies in. People are not labelled: their names are erasable. */
export interface Label {
  /** null: it belongs to the platform. */
  readonly orgId: string | null;
  readonly id: string;
  readonly name: string;
  /** The one space of a single-space token, fixed for its life; null for everything else and where an event doesn't say. */
  readonly spaceId: string | null;
}

/** The label that an event gives; null for an event that names nothing. */
export function labelOf(event: RecordedTollgateEvent): Label | null {
  const { orgId } = event;
  switch (event.type) {
    case 'OrganizationRegistered':
    case 'OrganizationDetailsChanged':
      return { orgId, id: orgId ?? '', name: event.data.name, spaceId: null };
    case 'SpaceCreated':
      return { orgId, id: event.data.spaceId, name: event.data.name, spaceId: null };
    case 'TeamCreated':
      return { orgId, id: event.data.teamId, name: event.data.name, spaceId: null };
    case 'ProjectCreated':
      return { orgId, id: event.data.projectId, name: event.data.name, spaceId: null };
    case 'ProductRegistered':
    case 'ProductDetailsChanged':
      return { orgId, id: event.data.key, name: event.data.name, spaceId: null };
    case 'TokenCreated': {
      const { tokenId: id, name, scope } = event.data;
      return { orgId, id, name, spaceId: scope.type === 'single-space' ? scope.spaceId : null };
    }
    case 'TokenRenamed':
      return { orgId, id: event.data.tokenId, name: event.data.name, spaceId: null };
    default:
      return null;
  }
}
