/** How a call can fail: refused, unanswered, or without a session. */

import type { Answer, FieldErrors, Problem, Status } from './objects.js';

/** The service refused the request. Nothing has changed. */
export class RefusedError extends Error {
  override name = 'RefusedError';

  constructor(
    readonly status: number,
    /** The problem's code, where it has one of its own. */
    readonly code: string | null,
    /** Texts, or one object that names the fields and the rules they break. */
    readonly errors: (string | FieldErrors)[],
    /** The trip's status, if that is why the request was refused. */
    readonly tripStatus: Status | null = null,
  ) {
    super(`${status} ${code ?? ''} ${errors.map((error) => (typeof error === 'string' ? error : JSON.stringify(error))).join('; ')}`);
  }

  /** The fields that break rules. */
  get fields(): FieldErrors {
    return Object.assign({}, ...this.errors.filter((error) => typeof error === 'object')) as FieldErrors;
  }

  static byAnswer(answer: Answer): RefusedError {
    const said = (answer.data ?? {}) as { code?: string; trip_status?: Status };
    return new RefusedError(answer.response_status, said.code ?? null, answer.errors, said.trip_status ?? null);
  }

  static byProblem(problem: Problem): RefusedError {
    const fields = Object.keys(problem.errors ?? {}).length > 0;
    const errors = fields ? [problem.errors] : [problem.detail];
    return new RefusedError(problem.status, problem.code, errors, problem.trip_status ?? null);
  }
}

/** No answer came. If the frame was sent, the service may have carried it out. */
export class UnansweredError extends Error {
  override name = 'UnansweredError';

  constructor(
    readonly reason: 'timeout' | 'disconnected' | 'closed',
    readonly sent: boolean,
  ) {
    super(`no answer (${reason}); the request was ${sent ? 'sent' : 'not sent'}`);
  }
}

/** The session has ended: the user must log in. */
export class SignedOutError extends Error {
  override name = 'SignedOutError';

  constructor() {
    super('the session has ended');
  }
}
