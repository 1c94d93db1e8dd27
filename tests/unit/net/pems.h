/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and keys that openssl made, good for a hundred years where not said otherwise. Each stands for one case;
 * the keys open nothing.
 */
#ifndef CTY_TESTS_NET_PEMS_H
#define CTY_TESTS_NET_PEMS_H

/* An authority. */
#define PEM_CA \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBqTCCAU+gAwIBAgIUD7W/U7BCA9lnoGuZ7gquKngq73QwCgYIKoZIzj0EAwIw\n" \
    "ITEfMB0GA1UEAwwWY3VzdG9keSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIxMjE2\n" \
    "MDJaGA8yMTI2MTAyOTEyMTYwMlowITEfMB0GA1UEAwwWY3VzdG9keSB0ZXN0IGF1\n" \
    "dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGyOP+T57I2SJJeg375J\n" \
    "rCa5XsTXeCz4GVUCRp1f2fZrExFv5Mk3Ba13vhS5B+JdVjMTdgJS4WcBQxq0ADJJ\n" \
    "CCujYzBhMB0GA1UdDgQWBBS+XhSusNFMBwGZ4MjbevNp5fadfDAfBgNVHSMEGDAW\n" \
    "gBS+XhSusNFMBwGZ4MjbevNp5fadfDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB\n" \
    "/wQEAwICBDAKBggqhkjOPQQDAgNIADBFAiEAgsYesaqDS919o+RBzXQs/AXQpf4l\n" \
    "shgWk7xFILKyHJICICOv+ni4WFq6YbfqsPqwdJQBAYOnxXSXf1M/VvC5yNen\n" \
    "-----END CERTIFICATE-----\n"

/* Another. */
#define PEM_OTHER_CA \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBoDCCAUWgAwIBAgIUAdavUhrmdm+rYofvdOYdvPKJDA4wCgYIKoZIzj0EAwIw\n" \
    "HDEaMBgGA1UEAwwRYW5vdGhlciBhdXRob3JpdHkwIBcNMjYxMTIyMTIxNjAyWhgP\n" \
    "MjEyNjEwMjkxMjE2MDJaMBwxGjAYBgNVBAMMEWFub3RoZXIgYXV0aG9yaXR5MFkw\n" \
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEu1w8bthbDwY8dCmdQNyzdSEvAPqO3dT9\n" \
    "AUdNvQnGAVg6PdL2/5UQqOfNYYEvD2QzuJEYYJbEDBIXycGtx7qJpKNjMGEwHQYD\n" \
    "VR0OBBYEFLWQP8iOHTHlwC0Y9DXmuoLUBKaWMB8GA1UdIwQYMBaAFLWQP8iOHTHl\n" \
    "wC0Y9DXmuoLUBKaWMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMAoG\n" \
    "CCqGSM49BAMCA0kAMEYCIQCOUWDzlix+yqBlUzB1NbbyD5i8h5Wj08vr08JaM00A\n" \
    "bwIhALHxFDXoxouI02NNk76+laGxFG6P9g+49UIYVwJSu1lh\n" \
    "-----END CERTIFICATE-----\n"

/* By `ca`, for localhost and 127.0.0.1. */
#define PEM_HERE \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBojCCAUigAwIBAgIUIJuRGR5irqPswxCuidUAjKejF5swCgYIKoZIzj0EAwIw\n" \
    "ITEfMB0GA1UEAwwWY3VzdG9keSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIxMjE2\n" \
    "MDJaGA8yMTI2MTAyOTEyMTYwMlowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYH\n" \
    "KoZIzj0CAQYIKoZIzj0DAQcDQgAE0Q2/9cmZYhg3StLQR/pk9Oo/3ChWnm/encuU\n" \
    "kaHwCASM+JvABVw9cVZTqZ1XF+VXpyGRnpG+AxApS+a+XYW0saNpMGcwGgYDVR0R\n" \
    "BBMwEYIJbG9jYWxob3N0hwR/AAABMAkGA1UdEwQCMAAwHQYDVR0OBBYEFEO2AqV/\n" \
    "EKbBnsTFCgh/8Gf5l51eMB8GA1UdIwQYMBaAFL5eFK6w0UwHAZngyNt682nl9p18\n" \
    "MAoGCCqGSM49BAMCA0gAMEUCIQCdBF0POmFIypWZ7oasplqXKFPzuUpCprkNAuir\n" \
    "23FdFAIgWUQ4rvG1vYH6bKIMqi5vKQArxgUgTJ+70266+okpdww=\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_HERE_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/RBCD4TI8v9NGt6w\n" \
    "gn9ED6kHb7ehrs5HE6EccmT8IPKhRANCAATRDb/1yZliGDdK0tBH+mT06j/cKFae\n" \
    "b96dy5SRofAIBIz4m8AFXD1xVlOpnVcX5VenIZGekb4DEClL5r5dhbSx\n" \
    "-----END PRIVATE KEY-----\n"

/* By `ca`, for other hosts. */
#define PEM_ELSEWHERE \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBrTCCAVSgAwIBAgIUIJuRGR5irqPswxCuidUAjKejF5wwCgYIKoZIzj0EAwIw\n" \
    "ITEfMB0GA1UEAwwWY3VzdG9keSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIxMjE2\n" \
    "MDJaGA8yMTI2MTAyOTEyMTYwMlowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYH\n" \
    "KoZIzj0CAQYIKoZIzj0DAQcDQgAEMH+F3hAqwQ/4oayi1P49O3Joa3hAsXtNaFAG\n" \
    "fpst+Q4fnA5XloRAGp7GvhQ5crwY1sN9rrxKPjvPUHTvLnIscKN1MHMwJgYDVR0R\n" \
    "BB8wHYIVZWxzZXdoZXJlLmV4YW1wbGUub3JnhwTAAAIBMAkGA1UdEwQCMAAwHQYD\n" \
    "VR0OBBYEFJjMgLtvQsPn9JxDyIhSEUc6V6nTMB8GA1UdIwQYMBaAFL5eFK6w0UwH\n" \
    "AZngyNt682nl9p18MAoGCCqGSM49BAMCA0cAMEQCIA4rOJwbfH5KkHfNWEpTrGPy\n" \
    "SOkzSrivfPeKzjhCDwQLAiArC9xHy5QHIBVqf23AO3owQbwlZW/3vMunP8jgynLJ\n" \
    "zQ==\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_ELSEWHERE_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5CRccL7Q2aa76+51\n" \
    "I4eCwX09yCe4Jdt8vaYKuglXQ4ChRANCAAQwf4XeECrBD/ihrKLU/j07cmhreECx\n" \
    "e01oUAZ+my35Dh+cDleWhEAansa+FDlyvBjWw32uvEo+O89QdO8ucixw\n" \
    "-----END PRIVATE KEY-----\n"

/* By `ca`, for *.example.org; its subject says localhost. */
#define PEM_NAMELESS \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBoTCCAUagAwIBAgIUIJuRGR5irqPswxCuidUAjKejF50wCgYIKoZIzj0EAwIw\n" \
    "ITEfMB0GA1UEAwwWY3VzdG9keSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIxMjE2\n" \
    "MDJaGA8yMTI2MTAyOTEyMTYwMlowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYH\n" \
    "KoZIzj0CAQYIKoZIzj0DAQcDQgAEFXhivgpvm4m63raMNjcCrQOin+zMA4fG5sZj\n" \
    "BuSSFxsULoqRZPSGqBXJBGR/thuYcPV2kUAzM1+mW/qYSfsEW6NnMGUwGAYDVR0R\n" \
    "BBEwD4INKi5leGFtcGxlLm9yZzAJBgNVHRMEAjAAMB0GA1UdDgQWBBTq52SP0HhJ\n" \
    "vvi0VMjrNy2fongynTAfBgNVHSMEGDAWgBS+XhSusNFMBwGZ4MjbevNp5fadfDAK\n" \
    "BggqhkjOPQQDAgNJADBGAiEA7jk8YqXijlkA11A58D/eMqmhOi+egNhOXGZZuIU8\n" \
    "z5MCIQD951atLgNmFOizmChlU7nM7XrDSur+7eFrDYQz+KkVkA==\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_NAMELESS_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvypnyf96M4Z/imdi\n" \
    "wK5N7P/Kltk4RM9Ii6E/W56XA76hRANCAAQVeGK+Cm+bibretow2NwKtA6Kf7MwD\n" \
    "h8bmxmMG5JIXGxQuipFk9IaoFckEZH+2G5hw9XaRQDMzX6Zb+phJ+wRb\n" \
    "-----END PRIVATE KEY-----\n"

/* By `ca`, for localhost, not for servers. */
#define PEM_FOR_CLIENTS \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBtzCCAV2gAwIBAgIUIJuRGR5irqPswxCuidUAjKejF54wCgYIKoZIzj0EAwIw\n" \
    "ITEfMB0GA1UEAwwWY3VzdG9keSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjIxMjE2\n" \
    "MDJaGA8yMTI2MTAyOTEyMTYwMlowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYH\n" \
    "KoZIzj0CAQYIKoZIzj0DAQcDQgAE5IOTtdIYSv93KVGrKVWQUBMwLBtmrA7s2GJS\n" \
    "hpts6tVeV1sP98bfWofdjFqQJQSq95B5CaAJx3h0xVocbwnt06N+MHwwGgYDVR0R\n" \
    "BBMwEYIJbG9jYWxob3N0hwR/AAABMAkGA1UdEwQCMAAwEwYDVR0lBAwwCgYIKwYB\n" \
    "BQUHAwIwHQYDVR0OBBYEFKQ9euWgcl+nj8Kmsj6cP6l3BUOoMB8GA1UdIwQYMBaA\n" \
    "FL5eFK6w0UwHAZngyNt682nl9p18MAoGCCqGSM49BAMCA0gAMEUCIQDHMvLrcZ5Z\n" \
    "z/35yIni4OdWHTpRhxHs15tXDL7nZ/u32QIgaeGez/is3VgZRZgdynCu2NP7sVNk\n" \
    "DPepGUBb5sev/Zw=\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_FOR_CLIENTS_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQvtXmHKQiIV3sdYf\n" \
    "xAJ+toA2U2Hw55Z7u8+n1WK79kmhRANCAATkg5O10hhK/3cpUaspVZBQEzAsG2as\n" \
    "DuzYYlKGm2zq1V5XWw/3xt9ah92MWpAlBKr3kHkJoAnHeHTFWhxvCe3T\n" \
    "-----END PRIVATE KEY-----\n"

/* By `ca`, for localhost, ended in 2021. */
#define PEM_OLD \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBgzCCASigAwIBAgIBATAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZjdXN0b2R5\n" \
    "IHRlc3QgYXV0aG9yaXR5MB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFow\n" \
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n" \
    "ahfibB2TSxyrw3/QQCVELCkADB+G8c2F8QjvjbJogYycbO5uVrkAW03lN9d2oZRI\n" \
    "zoeS/jfP3Qj2WyOkBNep7KNeMFwwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAAB\n" \
    "MB0GA1UdDgQWBBR7SVKipmdVbL/c15xJsBETdTeXOTAfBgNVHSMEGDAWgBS+XhSu\n" \
    "sNFMBwGZ4MjbevNp5fadfDAKBggqhkjOPQQDAgNJADBGAiEAy8vTIR0Rg+vmykbx\n" \
    "/shg7dJHOzgO1FFimyRRTiTGikYCIQDRFAFc/ensTL+zcbGCD4DBtC9+jg46OBXD\n" \
    "pyeOiNLtUQ==\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_OLD_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxT6v1zCaYutOpCWa\n" \
    "3e/xSJGzEvuJ6yNby9LE/XYBrDqhRANCAARqF+JsHZNLHKvDf9BAJUQsKQAMH4bx\n" \
    "zYXxCO+NsmiBjJxs7m5WuQBbTeU313ahlEjOh5L+N8/dCPZbI6QE16ns\n" \
    "-----END PRIVATE KEY-----\n"

/* By its own key, for localhost, not an authority. */
#define PEM_LEAFSIGNER \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBlDCCATugAwIBAgIUB6V4P3chDPxbda8l06QQCIzbBHAwCgYIKoZIzj0EAwIw\n" \
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjEyMTYwMloYDzIxMjYxMDI5\n" \
    "MTIxNjAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n" \
    "PQMBBwNCAASM4NN0HoJp3yqX3iwIR1ay6R3i1ruMLpnfOM8FO9Ietl/CrlVaW4Rt\n" \
    "TqwuonbvFfKNjV7Jvu4loZrDDO/xLiGDo2kwZzAdBgNVHQ4EFgQUSIZbFTtgpWpI\n" \
    "8z4B4qe6gEaMhbAwHwYDVR0jBBgwFoAUSIZbFTtgpWpI8z4B4qe6gEaMhbAwCQYD\n" \
    "VR0TBAIwADAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwID\n" \
    "RwAwRAIgAm8OaFHTODVNnD+xhYoLpHpvJXvxpjYbnaA32aKv7HwCIHXsHvI4c4PM\n" \
    "n42/7k4t3oAwlvtb70ZFgSTKrXjGsdHc\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_LEAFSIGNER_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTIJf03Z2tMuYG0of\n" \
    "YWU4qtClcBtuJBQ+31+mmcZ7KLKhRANCAASM4NN0HoJp3yqX3iwIR1ay6R3i1ruM\n" \
    "LpnfOM8FO9Ietl/CrlVaW4RtTqwuonbvFfKNjV7Jvu4loZrDDO/xLiGD\n" \
    "-----END PRIVATE KEY-----\n"

/* By `leafsigner`, which may not. */
#define PEM_SIGNED_BY_LEAF \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBlTCCATugAwIBAgIUHDTX5taibwfo5OuNIUuOHAjix/QwCgYIKoZIzj0EAwIw\n" \
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjEyMTYwMloYDzIxMjYxMDI5\n" \
    "MTIxNjAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n" \
    "PQMBBwNCAAQwsjvHKe2Pj3ZiOCyWuSQsdzvaoRg++H35RDwDxWntir6GUEzdocjN\n" \
    "UyCA+Ll+YK9PpIRX1NgcYT1PaRfFgcYso2kwZzAaBgNVHREEEzARgglsb2NhbGhv\n" \
    "c3SHBH8AAAEwCQYDVR0TBAIwADAdBgNVHQ4EFgQUiK9T0Qtfxnbtug2A4amy3FJu\n" \
    "ZTMwHwYDVR0jBBgwFoAUSIZbFTtgpWpI8z4B4qe6gEaMhbAwCgYIKoZIzj0EAwID\n" \
    "SAAwRQIhAJYS+Qoto882iy/sRuW1iYRKIUgAqkLDxzX1l2OiYSx4AiAY++KT9mUu\n" \
    "chs8tFPshl9mpfxRgFyifq6EG37+N71SNg==\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_SIGNED_BY_LEAF_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrXRLQZWrrrpsaG62\n" \
    "14SezTVmbPK6FfJq69+OpmxLPmuhRANCAAQwsjvHKe2Pj3ZiOCyWuSQsdzvaoRg+\n" \
    "+H35RDwDxWntir6GUEzdocjNUyCA+Ll+YK9PpIRX1NgcYT1PaRfFgcYs\n" \
    "-----END PRIVATE KEY-----\n"

/* By its own key, RSA, for localhost. */
#define PEM_RSA \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIDJzCCAg+gAwIBAgIUKStl/TZZDUWWyu7lNlhcy48WqYEwDQYJKoZIhvcNAQEL\n" \
    "BQAwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjEyMTYwMloYDzIxMjYx\n" \
    "MDI5MTIxNjAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwggEiMA0GCSqGSIb3DQEB\n" \
    "AQUAA4IBDwAwggEKAoIBAQDhyqP8QOM9yXGIWF5z9Us5DgqN4jLoQIhuin0jgBuQ\n" \
    "P/rzL/AzgWiLo43l4NCdiJk8XOCqSiu9XqUzZs6Kqqg2A0ylmAxU3yVCCWthfJk/\n" \
    "AxgQ6WxoApo+hSX7pVeFlAJrhf17t6gEG2ifc//tEQlLVNddu83QZPfOms8OZE/K\n" \
    "l5Pm4OcT7Y2GuveF685rSQ4Um5absY+OhGgXjaVdiC/h7JCRxYhRU6LxQnQ7U6UC\n" \
    "aB85YiwbH7UjAmIPvIKznq/9W1u1x3pog9152oG3rxxDDNshIgNRAfXvqMxJEgwx\n" \
    "kE4qrxXei2Ua69bxVSZRG9SWmNJgZ904llAiQTy+PXG9AgMBAAGjbzBtMB0GA1Ud\n" \
    "DgQWBBTeQd0eD/Bw6qtcr/oPhRYCXt99GTAfBgNVHSMEGDAWgBTeQd0eD/Bw6qtc\n" \
    "r/oPhRYCXt99GTAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGCCWxvY2FsaG9z\n" \
    "dIcEfwAAATANBgkqhkiG9w0BAQsFAAOCAQEAZBmAMI1XQkAPgVPmEQv22J6PqP/m\n" \
    "WYffzhJzzlxVrCfVX3nvMwgbVAHdPV0wQjvWViw59TB1+cZZ4DXqXaeIq/Uex1XC\n" \
    "cKwns0sdHFM4Fsq7w2t7orJ6LZ3eE2HLZLTov7LARlIib/+TJX6/Svz0eoB1DS4J\n" \
    "HsEjHsGeBhWw1RG/tAW2YTf+q4v64fLWVj7jpvmMOKrl+So5NCgxs7SBKVn09rmD\n" \
    "+DQGsgQ0t9j9mWru9gVEAb3Z2bRHMKr62lqFbuZVDr7Ova12P/bTKu8fcPcG3zOE\n" \
    "X0vAaywOCu7SWBSbPQz++GaWkzV3OKMoI16+nfPQ4P3HiU2PgsQ5CJouKw==\n" \
    "-----END CERTIFICATE-----\n"
#define PEM_RSA_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDhyqP8QOM9yXGI\n" \
    "WF5z9Us5DgqN4jLoQIhuin0jgBuQP/rzL/AzgWiLo43l4NCdiJk8XOCqSiu9XqUz\n" \
    "Zs6Kqqg2A0ylmAxU3yVCCWthfJk/AxgQ6WxoApo+hSX7pVeFlAJrhf17t6gEG2if\n" \
    "c//tEQlLVNddu83QZPfOms8OZE/Kl5Pm4OcT7Y2GuveF685rSQ4Um5absY+OhGgX\n" \
    "jaVdiC/h7JCRxYhRU6LxQnQ7U6UCaB85YiwbH7UjAmIPvIKznq/9W1u1x3pog915\n" \
    "2oG3rxxDDNshIgNRAfXvqMxJEgwxkE4qrxXei2Ua69bxVSZRG9SWmNJgZ904llAi\n" \
    "QTy+PXG9AgMBAAECggEAENJKfkgNRfSkhy5iNwxewsznf2OLPF9WarnZkdQA+bGy\n" \
    "jfyTzhqFgeW49BfYIuxi0irvN/CXqp+K+jXeDFmjd4auZqXZwVbwjSdrfxNLzXR7\n" \
    "DgN95o/PEvpTdph+WT7KIV2VoWpw04GBPWPkfLJouVqEQwDzV+O1zIgfBej2Qtb9\n" \
    "Qtm5/68Y5xCBfOQEC2+R7Ihp+TO6Gc+kVxrFGLHw0iv9neF6KPbbyNlYvaUQ+bIb\n" \
    "FqtblJZEWc+vSCJfnvHCS+5u/mll2fYf2c6hscHi7pqNbKgLCOmZ9Yg8bQhGVII+\n" \
    "MqQ0GKK6lp4ifoBsVnq6nvRx1EvbDIuRzuG5aU6lwQKBgQD1GxTPX1Z9pjOq9L5/\n" \
    "dBsnIW9KThJDP/EiE2+vi1z1vAQ0mQaBKsnBmDeIWKodauSjRgdBIWUta2639ipq\n" \
    "EHNxlAhl0oANm2/a1Tee7DjCiwEEKqpiikL/Jmbn7Xoik37YmctpMnZRzTgW4zs+\n" \
    "78L+d98x+rz6+QK76aITVtf8nQKBgQDr08s1i0S9Lt3ww4mygrH8cRI2dYnxOvPz\n" \
    "UVFOlyeOWSTMZJgfAp8g4nyW8h0VdaNfzmtlCluNdE3zdkM5kwavmjsvuoTIdbo6\n" \
    "6AnqPvdS2dA5DWh3EaNdfmZ3NMh40i6TEKvz75kPxbvfD8HTg3oSuNHcjOc9xhx1\n" \
    "+Gq21oXvoQKBgQDqacoPQijf5pJHj+aY0pwdYnajY+NHeeHOKzSHeQug4P5Mp4V3\n" \
    "B0sJ4eBKgDHCDLc6CAFsIto3BCZRvhZ2deFS4LbfWuCpIt1pNr4JOfZW6MZCC+QE\n" \
    "diL5DusgKRjD9Lg9w2is5VwPg+t+yDejS378C/zkOd9/T6NzwFAHmujaaQKBgC9k\n" \
    "8jsBkUAAEkSX162TjJeyVbmyJ5XehjaJSjDkOePm0HlvYg8hZL+kJOvlHqk4aiwP\n" \
    "/Q9iZIHqNNxQETSZ8scJ1QlDj/oFhvbduVhlbSkucyV0J2F+nvlkNM2SQxPdEdUm\n" \
    "jZhJt9YupBIxRX/vtXHbyPltK/ADR6cB1NiIBoThAoGAb04lFAkUra6RHKg+4NdG\n" \
    "nRldaoyyjIBQ/RQ059JUw4quOY1O5jgePJFNpRN0jEhfYQCAXDOtc29Mkhw7IP/Q\n" \
    "JCQo2R86qqlo9b9Y2s6FJlaBWGqTF619ghz1qFhLRmckH92dOSHS5kHhDkLAZ8fa\n" \
    "OuGBO1eKuhcqG8QhFuRDilk=\n" \
    "-----END PRIVATE KEY-----\n"

/* The key of `here`, under a passphrase. */
#define PEM_LOCKED_KEY \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" \
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg6sKSF8rXthAICCAAw\n" \
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBS9JMG7uXzPRiw5uRb+qb0EgZA2\n" \
    "LBlOBsVoaSOKJ2R0r2tPe/U01of2NqleDa8I5NPAAdDdQIws0fe0c0XfxezPEeHm\n" \
    "UdKRbtgZoJOYmwPlLfyUOWUXdPhl3M//bdXdhbYRs82ZGICobr4IDNWEXPFdriZC\n" \
    "BEpGyAxx4ww3Q1PrAmm/7Gr904eASyMPQEnB5SfGXTuJTtO8oT0Or6rudR70P0E=\n" \
    "-----END ENCRYPTED PRIVATE KEY-----\n"

#endif
