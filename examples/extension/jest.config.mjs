export default { preset: 'daybook/testing' };
