/** One HTTP request, answered with JSON or refused with a problem. */

import { RefusedError } from './errors.js';
import type { Problem } from './objects.js';

export type Fetch = typeof globalThis.fetch;

/** The service, and how to reach it. */
export interface Reach {
  /** Such as `https://cab.example`, without a slash at the end. */
  url: string;
  /** By default the global one. */
  fetch?: Fetch | undefined;
}

export async function call<T>(
  reach: Reach,
  method: 'GET' | 'POST',
  path: string,
  { body, access }: { body?: object; access?: string } = {},
): Promise<T> {
  const headers: Record<string, string> = {};
  if (body) headers['Content-Type'] = 'application/json';
  if (access) headers['Authorization'] = `Bearer ${access}`;
  const ask = reach.fetch ?? globalThis.fetch;
  const response = await ask(reach.url + path, {
    method,
    headers,
    credentials: 'omit', // the token identifies the session, and a cookie would need the service's own origin
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
  throw RefusedError.byProblem(problem(response.status, text));
}

/** The problem in an answer. One from a proxy in the service's place has no problem document. */
function problem(status: number, text: string): Problem {
  const unexplained = { type: 'about:blank', title: '', status, detail: `status ${status}`, code: 'unexplained', errors: {} };
  try {
    return { ...unexplained, ...(JSON.parse(text) as Partial<Problem>), status };
  } catch {
    return unexplained;
  }
}
