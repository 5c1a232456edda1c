import { Injectable } from '@nestjs/common';
import { type Caller } from './principal';

/** A way to prove who one is, besides the access token of a person. */
export interface CredentialKind {
  /** As the security log calls it: `api-key`. */
  readonly method: string;
  /** Whether somebody means the text of `Authorization: Bearer` as one of these, right or wrong. */
  recognizes(token: string): boolean;
  /** Who is behind it now; undefined where nobody is, with as much work as for somebody. */
  find(token: string): Promise<Caller | undefined>;
}

/** The ways that features bring, for the authentication guard to ask. */
@Injectable()
export class CredentialKinds {
  private readonly kinds: CredentialKind[] = [];

  /** While the application starts. */
  register(kind: CredentialKind): void {
    this.kinds.push(kind);
  }

  of(token: string): CredentialKind | undefined {
    return this.kinds.find((kind) => kind.recognizes(token));
  }
}
