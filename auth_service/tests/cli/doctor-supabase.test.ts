import { after, before, describe, it } from 'node:test';
import { skipReason } from '../support/databases.ts';
import type { GotrueDouble } from '../support/gotrue/double.ts';
import { admitPatient, assertNobodyLeft, assertWell, examine, type Patient } from './doctor-patient.ts';

const reason = skipReason('postgres');

describe('doctor supabase', reason === null ? {} : { skip: reason }, () => {
  let patient: Patient;
  let double: GotrueDouble;
  before(async () => {
    patient = await admitPatient();
    double = await patient.start();
  });
  after(() => patient.dismiss());

  it('x', async () => {
    console.log(JSON.stringify(await examine(patient.env(double)), null, 1));
    await assertWell(patient.env(double));
    await assertNobodyLeft(double, patient);
  });
});
