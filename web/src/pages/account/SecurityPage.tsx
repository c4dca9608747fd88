import { useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { AccountPage } from './AccountPage.tsx'
import { ChangeEmail } from './ChangeEmail.tsx'
import { ChangePassword } from './ChangePassword.tsx'
import { Identities } from './Identities.tsx'
import { MailLanguage } from './MailLanguage.tsx'
import { Passkeys } from './Passkeys.tsx'
import { SecondFactors } from './SecondFactors.tsx'

export default function SecurityPage() {
  const { me } = useSession()
  return (
    <AccountPage title="Security">
      {me.mustEnrol && (
        <Notice tone="warning" title="Set up a second step first">
          Your role needs one. Until then nothing else is open to you.
        </Notice>
      )}
      <SecondFactors />
      <Passkeys />
      {!me.mustEnrol && <Identities />}
      {me.hasPassword ? (
        <ChangePassword />
      ) : (
        <Card title="Password">
          <p className="text-muted">
            This account has none and needs none. “Forgot your password?” on the log-in page sends a link to
            set one.
          </p>
        </Card>
      )}
      <ChangeEmail />
      {!me.mustEnrol && <MailLanguage />}
    </AccountPage>
  )
}
