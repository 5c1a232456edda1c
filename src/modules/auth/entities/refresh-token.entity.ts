import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Session } from './session.entity';

/** A refresh token, by its SHA-256: who reads the database cannot use it. */
@Entity('refresh_tokens')
@Check('refresh_tokens_hash_check', `octet_length(hash) = 32`)
@Index('refresh_tokens_unspent', ['sessionId'], { unique: true, where: 'spent_at IS NULL' })
export class RefreshToken {
  @PrimaryColumn({ type: 'bytea' })
  hash: Buffer;

  @ForeignKey(() => Session, { name: 'refresh_tokens_session_fkey', onDelete: 'CASCADE' })
  @Index('refresh_tokens_session')
  @Column({ name: 'session_id', type: 'uuid' })
  sessionId: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({
    name: 'spent_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'Kept after use: a second use betrays a stolen token.',
  })
  spentAt: Date | null;

  @Column({
    name: 'sealed_successor',
    type: 'text',
    nullable: true,
    comment:
      'The token that it was exchanged for, sealed under a key that is derived from the spent one: whoever reads the database cannot open it.',
  })
  sealedSuccessor: string | null;
}
