module.exports = async ({ name, numbers }, { secrets, context }) => ({
  greeting: `Hello, ${name}!`,
  sum: numbers.reduce((sum, number) => sum + number, 0),
  numbers,
  is_first: context.attempt === 1,
  token_length: secrets.example_token?.length ?? null,
});
