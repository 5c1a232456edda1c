import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { FEATURES } from './src/app.features';
import { loadConfig } from './src/config/config';
import { dataSourceOptions } from './src/platform/database/data-source-options';

// For the TypeORM CLI (`npm run typeorm -- migration:show`). The application builds its own from the same function.
export default new DataSource(dataSourceOptions(loadConfig(), FEATURES, 'migrator'));
