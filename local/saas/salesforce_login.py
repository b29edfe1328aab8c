"""Salesforce logins: OAuth 2.0 (JWT bearer, client credentials, password) and the SOAP login of older clients.

simple-salesforce logs in at `https://<domain>.salesforce.com/services/…`. With `domain="localhost:4540/login"` that
address is on this server, below `/login.salesforce.com`, so these routes are served there as well as at the root.
"""

import base64
import binascii
from typing import Annotated
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Form, Header, Request, Response
from starlette.responses import JSONResponse

from local.saas.credentials import Tokens, bearer

USERNAME = "airflow@shop.example"
PASSWORD = "local"
SECURITY_TOKEN = "token"
CONSUMER_KEY = "local-consumer-key"
CONSUMER_SECRET = "local-consumer-secret"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_FAULT = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope
 xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body>
<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: {message}</faultstring><detail>
<sf:LoginFault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>
</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""
_LOGGED_IN = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope
 xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Body>
<loginResponse><result><serverUrl>{server}/services/Soap/u/{version}</serverUrl><sessionId>{session}</sessionId>
</result></loginResponse></soapenv:Body></soapenv:Envelope>"""


def router(tokens: Tokens, key: rsa.RSAPrivateKey) -> APIRouter:
    """Login routes, at the root and below any `<name>.salesforce.com`."""
    routes = APIRouter()
    logins = APIRouter()

    @logins.post("/services/oauth2/token")
    def token(
        request: Request,
        grant_type: Annotated[str, Form()] = "",
        assertion: Annotated[str, Form()] = "",
        client_id: Annotated[str, Form()] = "",
        client_secret: Annotated[str, Form()] = "",
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        authorization: Annotated[str | None, Header()] = None,
    ) -> Response:
        if grant_type == JWT_GRANT:
            problem = _jwt_problem(assertion, key)
        elif grant_type == "client_credentials":
            problem = _client_problem(*(_basic(authorization) or (client_id, client_secret)))
        elif grant_type == "password":
            right = (username, password) in ((USERNAME, PASSWORD), (USERNAME, PASSWORD + SECURITY_TOKEN))
            problem = _client_problem(client_id, client_secret) or (
                None if right else ("invalid_grant", "authentication failure")
            )
        else:
            problem = ("unsupported_grant_type", "grant type not supported")
        if problem is not None:
            return JSONResponse({"error": problem[0], "error_description": problem[1]}, 400)
        instance = _instance(request)
        return JSONResponse(
            {
                "access_token": tokens.issue(),
                "instance_url": instance,
                "id": f"{instance}/id/00D000000000001AAA/005000000000001AAA",
                "token_type": "Bearer",
                "scope": "api",
            }
        )

    @logins.post("/services/Soap/u/{version}")
    async def soap_login(version: str, request: Request) -> Response:
        sent = _soap_credentials(await request.body())
        if sent not in ((USERNAME, PASSWORD), (USERNAME, PASSWORD + SECURITY_TOKEN)):
            message = "Invalid username, password, security token; or user locked out."
            return Response(_FAULT.format(message=message), 500, media_type="text/xml")
        text = _LOGGED_IN.format(server=escape(_instance(request)), version=escape(version), session=tokens.issue())
        return Response(text, media_type="text/xml")

    routes.include_router(logins)
    routes.include_router(logins, prefix="/{name}.salesforce.com")
    return routes


def _instance(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _jwt_problem(assertion: str, key: rsa.RSAPrivateKey) -> tuple[str, str] | None:
    try:
        claims = jwt.decode(assertion, key.public_key(), ["RS256"], issuer=CONSUMER_KEY, options={"verify_aud": False})
    except jwt.InvalidTokenError as error:
        return "invalid_grant", f"invalid assertion: {error}"
    if claims.get("sub") != USERNAME:
        return "invalid_grant", "user hasn't approved this consumer"
    if not str(claims.get("aud", "")).endswith(".salesforce.com"):
        return "invalid_grant", "audience is invalid"
    return None


def _client_problem(client_id: str, client_secret: str) -> tuple[str, str] | None:
    if client_id != CONSUMER_KEY:
        return "invalid_client_id", "client identifier invalid"
    return None if client_secret == CONSUMER_SECRET else ("invalid_client", "invalid client credentials")


def _basic(authorization: str | None) -> tuple[str, str] | None:
    encoded = bearer(authorization, ("Basic",))
    if encoded is None:
        return None
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _soap_credentials(body: bytes) -> tuple[str, str] | None:
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    values = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    return values.get("username", ""), values.get("password", "")
