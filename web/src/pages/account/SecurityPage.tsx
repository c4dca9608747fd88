import { AccountPage } from './AccountPage.tsx'
import { ChangePassword } from './ChangePassword.tsx'
import { SecondFactors } from './SecondFactors.tsx'

export default function SecurityPage() {
  return (
    <AccountPage title="Security">
      <SecondFactors />
      <ChangePassword />
    </AccountPage>
  )
}
