import { Feature } from '../../platform/features/feature';
import { BOOKKEEPERS, EVERYBODY } from '../../platform/security/roles';
import { ImportOptions1795862600000 } from './migrations/1795862600000-import-options';
import { Imports1795300000005 } from './migrations/1795300000005-imports';
import { JobsModule } from '../jobs';
import { TransactionsModule } from '../transactions';
import { ImportChunk } from './entities/import-chunk.entity';
import { Import } from './entities/import.entity';
import { ExportsController } from './exports.controller';
import { ExportsService } from './exports.service';
import { ImportChecker } from './import-checker';
import { ImportFiles } from './import-files';
import { ImportPoster } from './import-poster';
import { ImportKind } from './import.kind';
import { ImportsController } from './imports.controller';
import { ImportsService } from './imports.service';

/** Whole books in and out: imports as jobs, exports as streams. */
@Feature({
  entities: [Import, ImportChunk],
  migrations: [ImportOptions1795862600000, Imports1795300000005],
  permissions: {
    'imports:write': { description: 'Read whole books in.', roles: BOOKKEEPERS },
    'exports:read': { description: 'Write whole books out.', roles: EVERYBODY },
  },
  tags: {
    'Imports and exports':
      'Whole books: in as CSV files by background jobs, out as streams of CSV or an hledger journal.',
  },

  imports: [JobsModule, TransactionsModule],
  controllers: [ImportsController, ExportsController],
  providers: [ExportsService, ImportChecker, ImportFiles, ImportKind, ImportPoster, ImportsService],
})
export class BooksModule {}
