import sys
import time


def run(lines=5, pause_s=0):
    out, err = sys.stdout, sys.stderr
    out.write("\x1b[1mstarting\x1b[0m \x1b[32mgreen\x1b[39m \x1b[41;97m alarm \x1b[0m \x1b[38;5;208morange\x1b[0m \x1b[38;2;90;120;255mblue\x1b[0m\n")
    out.write("\x1b]0;a title nobody sees\x07\x1b[2J\x1b[Hescape sequences of no use are gone\n")
    out.write("<img src=x onerror=document.title='bad'> <script>document.title='bad'</script>\n")
    out.write("a\u202etxet sdrawkcab\x00\x07 bell and NUL are seen\n")
    out.flush()
    for number in range(lines):
        print(f"line {number} of stdout", flush=True)
        if number % 3 == 2:
            print(f"\x1b[31mwarning {number}\x1b[0m on stderr", file=sys.stderr, flush=True)
        time.sleep(pause_s)
    for percent in range(0, 101, 10):
        out.write(f"\rprogress {percent} %")
        out.flush()
    out.write("\nthe end, without a new line")
    return {"lines": lines}
