import { ImportChunk } from './entities/import-chunk.entity';
import { Import } from './entities/import.entity';

export { BooksModule } from './books.module';
export const BOOK_ENTITIES = [Import, ImportChunk];
