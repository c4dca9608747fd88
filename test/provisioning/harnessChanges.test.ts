import { jobCases } from '../support/harnessCases.ts'
import { someCases } from '../support/harness.ts'
import { describeJobs } from '../support/harnessSuite.ts'

/** In files of their own. */
const ELSEWHERE = /^cloudPod\.(?:create|destroy|power|suspend|resume)$/

describeJobs(
  someCases(
    jobCases.filter(({ handler: { kind } }) => kind.startsWith('cloudPod.') && !ELSEWHERE.test(kind)),
  ),
)
