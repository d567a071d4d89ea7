import { describe, it } from '@jest/globals';
import type { NewEvent } from '@tollgate/contracts';
import { fold } from './aggregate.ts';
import { createProject, project } from './project.ts';
import { addProject, createTeam, removeProject, setTeamPolicy, team } from './team.ts';
import { given, recorded } from '../testing/scenario.ts';

const created: NewEvent = { type: 'TeamCreated', data: { teamId: 'tea_1', name: 'Support' } };
const policySet = (policy: object, previous: object = {}): NewEvent => ({
  type: 'TeamPolicySet',
  data: { teamId: 'tea_1', policy, previous },
});
const added: NewEvent = { type: 'TeamProjectAdded', data: { teamId: 'tea_1', projectId: 'prj_1' } };
const removed: NewEvent = { type: 'TeamProjectRemoved', data: { teamId: 'tea_1', projectId: 'prj_1' } };
const projectCreated: NewEvent = { type: 'ProjectCreated', data: { projectId: 'prj_1', name: 'Revamp' } };
const ofOrganization = (orgId: string) => fold(project, recorded('project', [projectCreated], orgId)).state;
const own = ofOrganization('org_1');

describe('a project', () => {
  it('is created', () =>
    given(project)
      .when((state) => createProject(state, { projectId: 'prj_1', name: 'Revamp' }))
      .then(projectCreated));
  it('is created once', () =>
    given(project, projectCreated)
      .when((state) => createProject(state, { projectId: 'prj_1', name: 'Revamp' }))
      .refused('ALREADY_EXISTS'));
});

describe('a team', () => {
  it('is created', () =>
    given(team)
      .when((state) => createTeam(state, { teamId: 'tea_1', name: 'Support' }))
      .then(created));
  it('is created once', () =>
    given(team, created)
      .when((state) => createTeam(state, { teamId: 'tea_1', name: 'Support' }))
      .refused('ALREADY_EXISTS'));
});

describe("a team's policy", () => {
  it('is set as a whole, with the one before', () =>
    given(team, created, policySet({ allow: { tools: ['a'] } }))
      .when((state) => setTeamPolicy(state, { policy: { deny: { tools: ['b'] } } }))
      .then(policySet({ deny: { tools: ['b'] } }, { allow: { tools: ['a'] } })));
  it('means the same in any order and repetition', () =>
    given(team, created, policySet({ allow: { tools: ['a', 'b'] } }))
      .when((state) => setTeamPolicy(state, { policy: { allow: { tools: ['b', 'a', 'b'] } } }))
      .then());
  it('that allows nothing is not one that allows all', () =>
    given(team, created)
      .when((state) => setTeamPolicy(state, { policy: { allow: { tools: [] } } }))
      .then(policySet({ allow: { tools: [] } })));
  it('needs a team', () =>
    given(team)
      .when((state) => setTeamPolicy(state, { policy: {} }))
      .refused('NOT_FOUND'));
});

describe("a team's projects", () => {
  it('grow', () =>
    given(team, created)
      .when((state) => addProject(state, { project: own }))
      .then(added));
  it('grow once', () =>
    given(team, created, added)
      .when((state) => addProject(state, { project: own }))
      .then());
  it('shrink', () =>
    given(team, created, added)
      .when((state) => removeProject(state, { project: own }))
      .then(removed));
  it('shrink once', () =>
    given(team, created, added, removed)
      .when((state) => removeProject(state, { project: own }))
      .then());
  it('grow again after that', () =>
    given(team, created, added, removed)
      .when((state) => addProject(state, { project: own }))
      .then(added));
  it('are of the same organization', () => {
    given(team, created)
      .when((state) => addProject(state, { project: ofOrganization('org_2') }))
      .refused('NOT_FOUND');
    given(team, created, added)
      .when((state) => removeProject(state, { project: project.initial }))
      .refused('NOT_FOUND');
  });
  it('need a team', () => {
    given(team)
      .when((state) => addProject(state, { project: own }))
      .refused('NOT_FOUND');
    given(team)
      .when((state) => removeProject(state, { project: own }))
      .refused('NOT_FOUND');
  });
});
