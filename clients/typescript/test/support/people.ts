/** Accounts of the real service. */

import { randomUUID } from 'node:crypto';

import { signUp, type Account, type Credentials, type Role } from '../../src/index.js';
import type { Service } from './service.js';

export type Someone = Account & Credentials;

/** A new account, with a name that is unique even in a used database. */
export async function newcomer(service: Service, role: Role): Promise<Someone> {
  const credentials = { username: `${role}-${randomUUID()}`, password: 'correct-horse' };
  if (role === 'operator') {
    await service.command(['user', 'add', '--username', credentials.username, '--role', role, '--password-stdin'], credentials.password);
    return { id: 0, first_name: '', last_name: '', group: role, groups: [role], ...credentials };
  }
  const { username, password } = credentials;
  const account = await signUp(service, { username, password1: password, password2: password, group: role });
  return { ...account, password };
}
