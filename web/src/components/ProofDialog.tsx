import { lazy, Suspense, useEffect, useState } from 'react'
import { t } from '../../../shared/text.ts'
import { proofIsAskedBy } from '../api/proof.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Skeleton } from '../ui/Spinner.tsx'
import { toast } from '../ui/Toast.tsx'
import type { ProofAnswer } from './Proof.tsx'

// Forms are large, and few visits ask for a proof.
const Proof = lazy(() => import('./Proof.tsx'))

/** Asks who it is when a call was refused because the last proof is too old; the call is then repeated. */
export function ProofDialog() {
  const [answer, setAnswer] = useState<ProofAnswer | null>(null)
  useEffect(() => proofIsAskedBy(() => new Promise<boolean>((resolve) => setAnswer(() => resolve))), [])
  useEffect(tellOfProof, [])
  const close = (proven: boolean) => {
    answer?.(proven)
    setAnswer(null)
  }
  return (
    <Dialog
      open={answer !== null}
      onClose={() => close(false)}
      title="Is it you?"
      description="What you are about to do needs a fresh proof."
    >
      {answer !== null && (
        <Suspense fallback={<Skeleton label="Loading" />}>
          <Proof onClose={close} />
        </Suspense>
      )}
    </Dialog>
  )
}

/** Says what came of it, to who comes back from an identity provider; once, also when the page is loaded again. */
function tellOfProof(): void {
  const url = new URL(location.href)
  const word = url.searchParams.get('proof')
  if (word === null) return
  url.searchParams.delete('proof')
  history.replaceState(history.state, '', url.pathname + url.search + url.hash)
  if (word === 'given')
    toast.done(t`You have proven that it is you`, t`Now do again what you were about to do.`)
  // Its words are for few: every page loads this file.
  else void import('../lib/ssoFault.ts').then(({ ssoFault }) => toast.failed(t`Not proven`, ssoFault(word)))
}
