import { createHmac } from 'node:crypto'
import { Client } from 'pg'

const NAME = 'mpanel_server'
/** Any constant number: two processes that make the login must come one after the other. */
const LOCK = 724_031_003

/**
 * The address of a database for server and workers, from its owner's: another login, which owns nothing. Its password is
 * made of the owner's, so that there is none to keep; the way back does not exist.
 */
export function serverUrl(ownerUrl: string): string {
  const url = new URL(ownerUrl)
  url.password = createHmac('sha256', url.password).update(NAME).digest('base64url')
  url.username = NAME
  return url.href
}

/** Makes the login of `serverUrl`, or gives it that password. `ownerUrl` must be of one who may make roles. */
export async function makeServerLogin(ownerUrl: string): Promise<void> {
  const client = new Client({ connectionString: ownerUrl })
  try {
    await client.connect()
    await client.query(`select pg_advisory_xact_lock(${LOCK});
      do $$ begin
        if not exists (select from pg_roles where rolname = 'mpanel_app') then create role mpanel_app nologin; end if;
        if not exists (select from pg_roles where rolname = '${NAME}') then create role ${NAME} login in role mpanel_app; end if;
      end $$;
      alter role ${NAME} password '${new URL(serverUrl(ownerUrl)).password}'`)
  } finally {
    await client.end()
  }
}
