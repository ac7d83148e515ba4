import {
  Decision,
  DeletionRequested,
  DeletionStatus,
  type Digest,
  Mode,
  Receipt,
  Regulation,
  RequestState,
  Round,
  RoundManifest,
  ServingPointer,
  sha256,
  Verdict,
} from '@lethe/contracts';
import {
  certificateStatement,
  checkpointStatement,
  fanOutCertificateStatement,
  receiptStatement,
  releaseStatement,
  requestStatusStatement,
  type Statement,
} from '@lethe/evidence';

const submitted = new Date('2026-01-31T09:00:00.000Z');
const deadline = new Date('2026-02-28T09:00:00.000Z');
const digest = (text: string): Digest => sha256(text);

/** One statement of each kind, with whatever `seed` says inside. */
export function sampleStatements(seed: number, issued: Date): readonly Statement[] {
  const requestId = `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`;
  const named = { requestId, emitter: 'shop', modelKey: 'm1' };
  const receipt = Receipt.fromPartial({
    ...named,
    state: RequestState.REQUEST_STATE_ACCEPTED,
    requestDigest: digest(`request ${seed}`),
    trainingManifestDigest: digest('manifest'),
    sampleCount: seed,
    acceptedTime: submitted,
    deadline,
  });
  const status = DeletionStatus.fromPartial({
    ...named,
    state: RequestState.REQUEST_STATE_COMPLETED,
    detail: `forgotten by round ${seed} – “serves”`,
    sequence: seed,
    time: issued,
    deadline,
    sampleCount: 3,
  });
  return [
    receiptStatement([receipt, { ...receipt, requestId: requestId.replace(/^0/, '1') }], issued),
    sampleCertificate(seed, issued),
    checkpointStatement({ size: seed, head: digest(`head ${seed}`) }, issued),
    requestStatusStatement(status, issued),
    fanOutCertificateStatement(
      { ...status, modelKey: '*', modelCount: 2 },
      [
        { status, certificateDigest: digest('certificate') },
        { status: { ...status, modelKey: 'm2' }, certificateDigest: undefined },
      ],
      issued,
    ),
    releaseStatement(
      ServingPointer.fromPartial({
        modelKey: 'm1',
        generation: seed + 1,
        sequence: seed,
        topologyDigest: digest('topology'),
        weightsDigest: digest(`weights ${seed}`),
        promotedTime: issued,
      }),
      {
        policyDigest: '',
        coveredRequestCount: seed,
        auditLog: { size: 1, head: digest('head') },
        files: [{ path: 'model.json', size_bytes: 12, sha256: digest('file') }],
      },
      issued,
    ),
  ];
}

export function sampleCertificate(seed: number, issued: Date): Statement {
  const round = Round.fromPartial({
    parentWeightsDigest: digest('original'),
    weightsDigest: digest(`weights ${seed}`),
    method: 'lethe',
    settingsJson: '{}',
    seed,
    backend: 'wasm-simd',
    mode: Mode.MODE_UNTRAIN,
  });
  return certificateStatement(
    {
      request: DeletionRequested.fromPartial({
        requestId: '3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d11',
        emitter: 'shop',
        modelKey: 'm1',
        requestDigest: digest(`request ${seed}`),
        trainingManifestDigest: digest('manifest'),
        mode: Mode.MODE_UNTRAIN,
        regulation: Regulation.REGULATION_GDPR,
        submittedTime: submitted,
        acceptedTime: submitted,
        deadline,
      }),
      outcome: 'completed',
      rounds: [
        {
          manifest: RoundManifest.fromPartial({ sequence: 1, createdTime: issued }),
          manifestDigest: digest('manifest 1'),
          round,
          sampleCount: 4,
        },
      ],
      topologyDigest: digest('topology'),
      originalWeightsDigest: digest('original'),
      verdict: Verdict.fromPartial({
        policyDigest: digest('policy'),
        judgedTime: issued,
        servedWeightsDigest: digest('original'),
        originalWeightsDigest: digest('original'),
      }),
      verdictDigest: digest('verdict'),
      decision: Decision.fromPartial({ modelKey: 'm1', sequence: 1, decidedTime: issued }),
      decisionDigest: digest('decision'),
      traceId: '',
    },
    issued,
  );
}
