import { jobCases } from '../support/harnessCases.ts'
import { describeJobs } from '../support/harnessSuite.ts'

describeJobs(jobCases.filter((jobCase) => jobCase.handler.kind !== 'cloudPod.create'))
