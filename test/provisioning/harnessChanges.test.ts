import { jobCases } from '../support/harnessCases.ts'
import { some } from '../support/some.ts'
import { describeJobs } from '../support/harnessSuite.ts'

/** In files of their own. */
const ELSEWHERE = /^cloudPod\.(?:create|destroy|power|suspend|resume)$/

describeJobs(
  some(
    jobCases.filter(({ handler: { kind } }) => kind.startsWith('cloudPod.') && !ELSEWHERE.test(kind)),
    3,
  ),
)
