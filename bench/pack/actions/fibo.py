def fibo(n):
    return n if n < 2 else fibo(n - 1) + fibo(n - 2)


def run(n):
    return fibo(n)
