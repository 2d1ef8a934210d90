def run(name:, numbers:)
  {
    greeting: "Hello, #{name}!",
    sum: numbers.sum,
    numbers: numbers,
    is_first: get_context["attempt"] == 1,
    token_length: get_secret("example_token")&.length,
  }
end
