def run(token):
    print("it is", token)
    return {"is_the_canary": token == 'peed eht fo lgröW/"zQ7-yranac'[::-1]}
