import java.io.File;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.DigestOutputStream;
import java.io.OutputStream;
import java.util.HexFormat;

import no.difi.asic.AsicReaderFactory;
import no.difi.asic.AsicWriterFactory;
import no.difi.asic.KeyStoreType;
import no.difi.asic.SignatureHelper;
import no.difi.asic.SignatureMethod;

/** The ASiC library that eFormidling's integration point descends from: verifies a container, or writes one. */
class DifiAsic {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("verify")) {
            verify(new File(arguments[1]));
        } else {
            write(new File(arguments[1]), new File(arguments[2]), arguments);
        }
    }

    static void verify(File container) throws Exception {
        var reader = AsicReaderFactory.newFactory(SignatureMethod.CAdES).open(container);
        for (var name = reader.getNextFile(); name != null; name = reader.getNextFile()) {
            var sha256 = MessageDigest.getInstance("SHA-256");
            reader.writeFile(new DigestOutputStream(OutputStream.nullOutputStream(), sha256));
            System.out.println("file\t" + name + "\t" + HexFormat.of().formatHex(sha256.digest()));
        }
        reader.close();
        for (var file : reader.getAsicManifest().getFile()) {
            System.out.println("verified\t" + file.getName() + "\t" + file.isVerified());
        }
        System.out.println("certificates\t" + reader.getAsicManifest().getCertificate().size());
    }

    /** Arguments: write CONTAINER KEYSTORE PASSWORD ALIAS FILE… */
    static void write(File container, File keystore, String[] arguments) throws IOException {
        var writer = AsicWriterFactory.newFactory(SignatureMethod.CAdES).newContainer(container);
        for (int at = 5; at < arguments.length; at++) {
            writer.add(new File(arguments[at]));
        }
        writer.sign(new SignatureHelper(keystore, arguments[3], KeyStoreType.PKCS12, arguments[4], arguments[3]));
    }
}
