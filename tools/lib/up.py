#!/usr/bin/env python3
"""Starts the stack of tools/up and says what is where."""

import stack


def main():
    trama = stack.default_stack()
    trama.up()
    print(f"ready; addresses: {trama.folder / 'endpoints.json'}")
    for name in trama.replicas():
        grpc = f"grpc {trama.at(name)}" if name in trama.ports else ""
        print(f"  {name:<10} admin http://{trama.at(f'{name}_admin')}  {grpc}".rstrip())
    print(f"  e-mail     smtp {trama.at('email_smtp')}  lmtp {trama.at('email_lmtp')}")
    print(f"  sms        http {trama.at('sms_http')}")
    print(f"  whatsapp   http {trama.at('whatsapp_http')}")
    print(f"  open       http {trama.at('open_http')}")


if __name__ == "__main__":
    try:
        main()
    except stack.StackError as error:
        stack.fail(error)
