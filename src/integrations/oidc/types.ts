/** How mPanel is known at an identity provider. */
export type OidcConnection = {
  issuer: string
  clientId: string
  clientSecret: string | null
  redirectUri: string
}

/** What one sign-on is bound to: kept by us, unknown to everybody else. */
type OidcSecrets = { state: string; nonce: string; verifier: string }

/** Whom the provider vouches for. `issuer` and `subject` together are the person; the label is for people to read. */
export type OidcPerson = {
  issuer: string
  subject: string
  label: string | null
  name: string | null
  email: string | null
  /** The provider says that the e-mail is this person's. */
  emailVerified: boolean
  /** The provider says that it asked for more than one factor. */
  multiFactor: boolean
  /** When the provider says that it last asked the person who he is. */
  authenticatedAt: Date | null
}

/** `fault` is our own sentence or a code of the protocol, never what the other side wrote. */
export type OidcResult<T> = { ok: true; value: T } | { ok: false; fault: string }

/** An identity provider that speaks OpenID Connect. */
export type Oidc = {
  /** Reads what the provider says of itself. */
  check(): Promise<OidcResult<null>>
  /**
   * @param how `anew`: the person is to be asked who he is, also when the provider still knows
   * @returns the address at which the person logs in
   */
  begin(secrets: OidcSecrets, how: { anew: boolean }): Promise<OidcResult<string>>
  /**
   * Exchanges the code in the address the browser came back to, and checks the token in every respect.
   * @param wants `email`: it is asked for once more when the token has none
   */
  finish(returned: URL, secrets: OidcSecrets, wants: { email: boolean }): Promise<OidcResult<OidcPerson>>
}
