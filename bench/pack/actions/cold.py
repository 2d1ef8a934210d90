def run(name):
    return {"greeting": f"Hello, {name}!"}
