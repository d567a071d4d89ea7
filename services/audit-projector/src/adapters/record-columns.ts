import { platformTree } from '../domain/tree.ts';

/** The columns of `audit.entries` as a proven record. */
export const recordColumns = `version, id, position, index, at, nullif(org_id, '${platformTree}') AS "orgId", space_id AS "spaceId",
            namespace, action, jsonb_build_object('type', actor_type, 'id', actor_id) AS actor,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('type', type, 'id', id) ORDER BY at), '[]')
               FROM unnest(target_types, target_ids) WITH ORDINALITY AS target (type, id, at)) AS targets,
            outcome, reason, before, after,
            jsonb_build_object('requestId', request_id, 'traceId', trace_id, 'commitment', commitment) AS context`;
