package io.narthex.httpclient;

import java.net.InetAddress;
import java.util.Arrays;

/** A block of addresses in CIDR form, {@code 10.0.0.0/8}; an address alone is a block of one. */
public final class Network {
  private final byte[] base;
  private final int bits;

  private Network(byte[] base, int bits) {
    this.base = base;
    this.bits = bits;
  }

  /**
   * Parses a block.
   *
   * @throws IllegalArgumentException when the text is not a block, with the reason
   */
  public static Network parse(String text) {
    Network block = parseLoose(text);
    int most = block.base.length * 8;
    for (int i = block.bits; i < most; i++) {
      if ((block.base[i / 8] >> (7 - i % 8) & 1) != 0) {
        throw new IllegalArgumentException(
            "a network has no bits set beyond its length, got \"" + text + "\"");
      }
    }
    return block;
  }

  /** Parses a block like {@link #parse}, whatever bits are set beyond its length. */
  static Network parseLoose(String text) {
    int slash = text.indexOf('/');
    byte[] address;
    try {
      address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash)).getAddress();
    } catch (IllegalArgumentException e) {
      throw wrong(text);
    }
    int most = address.length * 8;
    String length = slash < 0 ? Integer.toString(most) : text.substring(slash + 1);
    if (!length.matches("\\d{1,3}") || Integer.parseInt(length) > most) {
      throw wrong(text);
    }
    return new Network(address, Integer.parseInt(length));
  }

  private static IllegalArgumentException wrong(String text) {
    return new IllegalArgumentException(
        "a network is an address and a length like 10.0.0.0/8, got \"" + text + "\"");
  }

  /** Returns whether an address is in the block; an IPv4-mapped IPv6 address is IPv4. */
  public boolean contains(InetAddress address) {
    byte[] other = address.getAddress();
    if (other.length != base.length) {
      return false;
    }
    int whole = bits / 8;
    if (!Arrays.equals(base, 0, whole, other, 0, whole)) {
      return false;
    }
    int rest = bits % 8;
    return rest == 0 || (base[whole] ^ other[whole]) >> (8 - rest) == 0;
  }
}
