import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;

import org.bouncycastle.cms.CMSEnvelopedDataParser;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Decrypts an envelope with BouncyCastle, as a stream. Arguments: ENVELOPE KEYSTORE PASSWORD ALIAS. */
class Cms {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        var password = arguments[2].toCharArray();
        var keys = KeyStore.getInstance("PKCS12");
        try (var file = new FileInputStream(arguments[1])) {
            keys.load(file, password);
        }
        var key = (PrivateKey) keys.getKey(arguments[3], password);
        try (var file = new FileInputStream(arguments[0])) {
            for (var recipient : new CMSEnvelopedDataParser(file).getRecipientInfos()) {
                var means = new JceKeyTransEnvelopedRecipient(key).setProvider("BC");
                System.out.println(Zips.digest(recipient.getContentStream(means).getContentStream()));
            }
        }
    }
}
