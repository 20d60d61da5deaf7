// Small requests to the local Swift with the rights of the service user or of a client. Knows nothing of sync.
import type { TokenSource } from '../auth/token-source.js';
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer, RequestSender } from '../http/request-sender.js';
import { readContainerState, type ContainerState } from './container-state.js';
import { swiftTarget } from './path.js';

/** In whose name a request is made. */
export type Rights =
  | { readonly kind: 'service' }
  /** With a client's own token, or without any. */
  | { readonly kind: 'token'; readonly token: string | undefined };

export class SwiftClient {
  readonly #sender: RequestSender;
  readonly #tokens: TokenSource | undefined;
  readonly #timeoutMs: number;

  constructor(sender: RequestSender, tokens: TokenSource | undefined, timeoutMs: number) {
    this.#sender = sender;
    this.#tokens = tokens;
    this.#timeoutMs = timeoutMs;
  }

  /** The whole answer, of any status. A service token that Swift no longer takes is renewed, once. */
  async request(
    rights: Rights,
    request: { method: string; target: string; headers?: HeaderList; body?: Buffer },
  ): Promise<ClientAnswer> {
    const token = await this.#tokenFor(rights);
    const answer = await this.#send(token, request);
    if (answer.status !== 401 || rights.kind !== 'service' || token === undefined) return answer;
    this.#tokens?.invalidate(token);
    return this.#send(await this.#tokenFor(rights), request);
  }

  /** What the container is now, on all its replicas; undefined where it is not. Anything else Swift says is `answer`. */
  async readContainer(
    rights: Rights,
    account: string,
    container: string,
  ): Promise<{ state: ContainerState | undefined; answer: ClientAnswer }> {
    const answer = await this.request(rights, {
      method: 'HEAD',
      target: swiftTarget(account, container),
      headers: HeaderList.from([['X-Newest', 'true']]),
    });
    return { state: isSuccess(answer.status) ? readContainerState(answer.headers) : undefined, answer };
  }

  async #tokenFor(rights: Rights): Promise<string | undefined> {
    return rights.kind === 'service' ? this.#tokens?.token() : rights.token;
  }

  #send(
    token: string | undefined,
    request: { method: string; target: string; headers?: HeaderList; body?: Buffer },
  ): Promise<ClientAnswer> {
    const headers = request.headers?.clone() ?? new HeaderList();
    if (token !== undefined) headers.set('X-Auth-Token', token);
    return this.#sender.request({ ...request, headers, timeoutMs: this.#timeoutMs });
  }
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
