package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TlsFailureTest {
  @ParameterizedTest
  @CsvSource({
    "(certificate_required) Received fatal alert: certificate_required,"
        + " remote error: tls: certificate required",
    "Received fatal alert: handshake_failure, remote error: tls: handshake failure",
    "(protocol_version) Received fatal alert: protocol_version,"
        + " remote error: tls: protocol version not supported",
    "(unexpected_message) what is this, tls: what is this",
    "Unsupported or unrecognized SSL message, tls: Unsupported or unrecognized SSL message"
  })
  void isToldInTheWordsOfTheOriginal(String message, String text) {
    assertThat(TlsFailure.text(new SSLException(message))).isEqualTo(text);
  }

  @Test
  void certificateIsWhatIsWrongWithIt() {
    SSLException failure = new SSLHandshakeException("(certificate_unknown) x509: no");
    failure.initCause(new CertificateException("failed to verify certificate: x509: no"));
    assertThat(TlsFailure.text(failure)).isEqualTo("tls: failed to verify certificate: x509: no");
  }
}
