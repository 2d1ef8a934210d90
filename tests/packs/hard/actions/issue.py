import json

# Backwards, so that the canary stands in no file.
SECRET = 'peed eht fo lgröW/"zQ7-yranac'[::-1]
print("nothing secret yet")
print(json.dumps({"token": SECRET, "about": "for " + SECRET}))
