import { Page } from '../../components/Page.tsx'
import { SecondFactors } from './SecondFactors.tsx'

export default function SecurityPage() {
  return (
    <Page title="Security">
      <SecondFactors />
    </Page>
  )
}
