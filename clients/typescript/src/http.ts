/** One request over HTTP, answered with JSON or refused with a problem. */

import { RefusedError } from './errors.js';
import type { Problem } from './objects.js';

export type Fetch = typeof globalThis.fetch;

/** Which service, and how it is reached. */
export interface Reach {
  /** `https://cab.example`, without a slash at the end. */
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
    credentials: 'omit', // the token says who is calling, and a cookie would want the service's own origin
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
  throw RefusedError.byProblem(problem(response.status, text));
}

/** What a proxy answers in the service's place is no problem document. */
function problem(status: number, text: string): Problem {
  const unexplained = { type: 'about:blank', title: '', status, detail: `status ${status}`, code: 'unexplained', errors: {} };
  try {
    return { ...unexplained, ...(JSON.parse(text) as Partial<Problem>), status };
  } catch {
    return unexplained;
  }
}
