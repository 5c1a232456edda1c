import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../../platform/database/repositories';
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
@Module({
  imports: [RepositoriesModule.for([Import, ImportChunk]), JobsModule, TransactionsModule],
  controllers: [ImportsController, ExportsController],
  providers: [ExportsService, ImportChecker, ImportFiles, ImportKind, ImportPoster, ImportsService],
})
export class BooksModule {}
