import { Param, type PipeTransform, Injectable } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { isUuid } from '../../common/ids/uuid';
import { NOT_FOUND } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';

/** An id that cannot exist is answered like one that does not. */
@Injectable()
class UuidPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!isUuid(value)) throw new Problem(NOT_FOUND, 'Nothing has this id.');
    return value.toLowerCase();
  }
}

/** A path parameter that is an id. */
export const UuidParam = (name: string) => (target: object, key: string, index: number) => {
  Param(name, UuidPipe)(target, key, index);
  ApiParam({ name, schema: { type: 'string', format: 'uuid' } })(
    target,
    key,
    Object.getOwnPropertyDescriptor(target, key) as PropertyDescriptor,
  );
};
