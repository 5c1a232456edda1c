import { defineProblem } from '../../common/problems/problem';

export const CHECKPOINT_NOT_FOUND = defineProblem({
  code: 'checkpoint-not-found',
  status: 404,
  title: 'Checkpoint not found',
  description: 'The ledger has no checkpoint with the id.',
  remedy: 'List the checkpoints with GET /v1/ledgers/{id}/checkpoints.',
});
export const CHECKPOINT_NEEDED = defineProblem({
  code: 'checkpoint-needed',
  status: 409,
  title: 'No checkpoint covers the transaction yet',
  description:
    'A proof leads from a transaction to a signed checkpoint, and the last one was made before the transaction.',
  remedy: 'Make one with POST /v1/ledgers/{id}/checkpoints, or wait for the next one, then ask again.',
});
export const LEDGER_CONTRADICTED = defineProblem({
  code: 'ledger-contradicted',
  status: 409,
  title: 'The ledger contradicts itself',
  description:
    'What the ledger has is not what its last checkpoint, or its head, says that it had. Nothing was signed: somebody may have altered rows.',
  remedy: 'Tell whoever runs the service. POST /v1/ledgers/{id}/verifications names what is wrong.',
});
