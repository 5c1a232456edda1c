import { defineProblem } from '../../common/problems/problem';

export const ALREADY_MEMBER = defineProblem({
  code: 'already-member',
  status: 409,
  title: 'Already a member',
  description: 'The person with this e-mail address belongs to the tenant already.',
  remedy: 'Change their role with PATCH instead.',
});
export const LAST_OWNER = defineProblem({
  code: 'last-owner',
  status: 409,
  title: 'A tenant keeps an owner',
  description: 'This is the only owner of the tenant: without one nobody could manage it.',
  remedy: 'Make somebody else an owner first.',
});
export const ROLE_ABOVE_YOURS = defineProblem({
  code: 'role-above-yours',
  status: 403,
  title: 'The role is above yours',
  description: 'Nobody can give a role that is higher than their own, nor change or remove somebody whose role is.',
  remedy: 'Ask somebody with that role.',
});
export const PASSWORD_TOO_WEAK = defineProblem({
  code: 'password-too-weak',
  status: 422,
  title: 'The password is too easy to guess',
  description:
    'The password is little more than the name of the product, your e-mail address, one character or a sequence.',
  remedy: 'Use several unrelated words, or a password manager. There are no rules about kinds of characters.',
});
