import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'
import { NOT_ACTIVE, type POD_ACTIONS, type PodState } from './cloudPod.ts'

/** The states of a blueprint's template that was made of a pod: what has been proven. */
export const TEMPLATE_STATES = ['making', 'ready', 'removing', 'gone'] as const
type TemplateState = (typeof TEMPLATE_STATES)[number]

type Pod = {
  kind: 'vm' | 'ct'
  state: PodState
  action: (typeof POD_ACTIONS)[number] | null
  powerState: 'unknown' | 'running' | 'stopped'
}

/** What may be done with templates of pods now, and if not, why. */
export const canTemplate = {
  make: ({ kind, state, action, powerState }: Pod): Verdict => {
    if (kind === 'ct')
      return refused(
        t`Containers are made of archives, not of templates: restore a backup to a new pod instead.`,
      )
    if (state !== 'active') return refused(NOT_ACTIVE[state])
    if (action !== null) return refused(t`Something else is being done to the pod: wait for its end.`)
    return powerState === 'stopped'
      ? allowed
      : refused(t`Stop the pod first: its disk is copied as it is, and nothing may write to it meanwhile.`)
  },

  /**
   * @param template null: the blueprint was not made of a pod
   * @param readers how many pods are being made of it just now
   */
  remove: (template: { state: TemplateState } | null, readers: number): Verdict => {
    if (template === null)
      return refused(t`The blueprint was not made of a pod: it has no template of its own.`)
    if (template.state === 'making') return refused(t`The blueprint is still being made.`)
    if (template.state === 'removing') return refused(t`The blueprint is being removed already.`)
    if (template.state === 'gone') return refused(t`Its template is gone already.`)
    return readers === 0
      ? allowed
      : refused(t`${readers} pod(s) are being made of it or wait to be: wait for their end.`)
  },
} as const
